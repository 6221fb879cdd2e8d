import { existsSync } from 'node:fs';
import { ensureGoProgram, goProgram, type GoProgram } from '../go-program.js';

/** Some five minutes on two cores. */
const API_SERVER: GoProgram = { name: 'kube-apiserver', module: 'kube-apiserver', package: '.', variable: 'KUBE_APISERVER' };

export function apiServerCached(): boolean {
  return existsSync(goProgram(API_SERVER));
}

export function ensureApiServer(): Promise<string> {
  return ensureGoProgram(API_SERVER);
}

/** Some three minutes on two cores. */
const HELM: GoProgram = { name: 'helm', module: 'helm', package: 'helm.sh/helm/v3/cmd/helm', variable: 'HELM' };

export function helmCached(): boolean {
  return existsSync(goProgram(HELM));
}

export function ensureHelm(): Promise<string> {
  return ensureGoProgram(HELM);
}
