export { KubeAdmin, type KubeAnswer, type KubeBody } from './admin.js';
export { startApiServer, type ApiServer } from './api-server.js';
export { FakeKubelet, type ContainerLog } from './kubelet.js';
export { makeNetworkPolicyApi, NETWORK_POLICY_APIS, type NetworkPolicyApi } from './network-policies.js';
export * from './objects.js';
export { sharedApiServer } from './shared.js';
