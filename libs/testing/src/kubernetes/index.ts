export { KubeAdmin, type KubeAnswer, type KubeBody } from './admin.js';
export { startApiServer, type ApiServer } from './api-server.js';
export type { ContainerRun, EphemeralContainer } from './ephemeral-containers.js';
export { faultyApi, type ApiCall, type Fault, type FaultyApi } from './faulty-api.js';
export { FakeKubelet, type ContainerLog } from './kubelet.js';
export { makeNetworkPolicyApi, NETWORK_POLICY_APIS, type NetworkPolicyApi } from './network-policies.js';
export * from './objects.js';
export { sharedApiServer } from './shared.js';
export { watch, type KubeEvent } from './watch.js';
