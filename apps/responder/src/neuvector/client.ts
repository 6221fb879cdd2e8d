import { readFile } from 'node:fs/promises';
import { resolveSecret, type SecretRef } from '@tocsin/extension';
import axios, { isAxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { Agent } from 'node:https';
import { Failed, Refused, Transient } from '../failure.js';

export interface NeuVectorConfig {
  /** Of the controller's REST API, `https://…:10443`. */
  url: string;
  /** `name:secret` of an API key; sessions of passwords are limited to 32 per user. */
  apiKey: SecretRef;
  /** PEM of the authority that vouches for the controller; absent: those of the system. */
  caFile?: string | undefined;
}

export interface Workload {
  id: string;
  /** `running`, `quarantined` and so on. */
  state: string;
  canQuarantine: boolean;
  canSniff: boolean;
}

export interface Sniffer {
  id: string;
  status: 'running' | 'stopped' | 'failed';
  size: number;
}

const TIMEOUT_MS = 20_000;
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
/** Ids are hashes or uuids; nothing else enters a path. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** NeuVector's controller by REST, https://open-docs.neuvector.com/automation/automation. Throws `Transient`, `Refused` and `Failed`. */
export class NeuVector {
  readonly #config: NeuVectorConfig;
  #client: Promise<AxiosInstance> | undefined;

  constructor(config: NeuVectorConfig) {
    this.#config = config;
  }

  /** The workload of a pod; undefined when NeuVector knows none. */
  async findWorkload(namespace: string, pod: string, signal: AbortSignal): Promise<Workload | undefined> {
    const { workloads = [] } = await this.#json<{ workloads?: RawWorkload[] }>({
      method: 'GET',
      url: '/v2/workload',
      params: { view: 'pod' },
      signal,
    });
    const found = workloads.find(({ brief, rt_attributes: attributes }) => brief.domain === namespace && attributes?.pod_name === pod);
    if (found === undefined || !ID.test(found.brief.id)) return undefined;
    const { brief, security } = found;
    return { id: brief.id, state: brief.state, canQuarantine: security?.cap_quarantine === true, canSniff: security?.cap_sniff === true };
  }

  async setQuarantine(id: string, on: boolean, signal: AbortSignal): Promise<void> {
    await this.#send({ method: 'PATCH', url: `/v1/workload/${checked(id)}`, data: { config: { quarantine: on } }, signal });
  }

  /** `filter` is made of typed parts by the caller: versions before September 2026 paste it into a shell. */
  async startSniffer(workload: string, sniffer: { files: number; seconds: number; filter: string }, signal: AbortSignal): Promise<string> {
    if (!/^[a-z0-9 .:/]*$/.test(sniffer.filter)) throw new Failed('A filter holds words, addresses and numbers only.');
    const data = { sniffer: { file_number: sniffer.files, duration: sniffer.seconds, ...(sniffer.filter !== '' && { filter: sniffer.filter }) } };
    const { result } = await this.#json<{ result: { id: string } }>({
      method: 'POST',
      url: '/v1/sniffer',
      params: { f_workload: checked(workload) },
      data,
      signal,
    });
    return result.id;
  }

  async sniffer(id: string, signal: AbortSignal): Promise<Sniffer> {
    const { sniffer } = await this.#json<{ sniffer: Sniffer }>({ method: 'GET', url: `/v1/sniffer/${checked(id)}`, signal });
    return sniffer;
  }

  /** Of one workload, so that a capture that was begun before a crash is found again. */
  async sniffers(workload: string, signal: AbortSignal): Promise<Sniffer[]> {
    const { sniffers } = await this.#json<{ sniffers?: Sniffer[] }>({
      method: 'GET',
      url: '/v1/sniffer',
      params: { f_workload: checked(workload) },
      signal,
    });
    return sniffers ?? [];
  }

  async stopSniffer(id: string, signal: AbortSignal): Promise<void> {
    await this.#send({ method: 'PATCH', url: `/v1/sniffer/stop/${checked(id)}`, signal });
  }

  async deleteSniffer(id: string, signal: AbortSignal): Promise<void> {
    await this.#send({ method: 'DELETE', url: `/v1/sniffer/${checked(id)}`, signal });
  }

  /** The file, out of the one part of a multipart answer. */
  async download(id: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const { data, headers } = await this.#send({
      method: 'GET',
      url: `/v1/sniffer/${checked(id)}/pcap`,
      params: { limit: maxBytes },
      responseType: 'arraybuffer',
      signal,
    });
    return partOf(Buffer.from(data as ArrayBuffer), String(headers['content-type'] ?? ''));
  }

  async #json<T>(request: AxiosRequestConfig): Promise<T> {
    const { data } = await this.#send(request);
    if (data === null || typeof data !== 'object') throw new Transient('NeuVector gave no JSON.');
    return data as T;
  }

  async #send(request: AxiosRequestConfig) {
    try {
      const client = await (this.#client ??= this.#open());
      return await client.request<unknown>(request);
    } catch (error) {
      this.#client = undefined;
      throw failureOf(error);
    }
  }

  async #open(): Promise<AxiosInstance> {
    const { url, apiKey, caFile } = this.#config;
    const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
    return axios.create({
      baseURL: url,
      timeout: TIMEOUT_MS,
      maxRedirects: 0,
      maxContentLength: ANSWER_MAX_BYTES,
      headers: { 'X-Auth-Apikey': await resolveSecret(apiKey) },
      httpsAgent: new Agent({ keepAlive: true, ...(ca !== undefined && { ca }) }),
      proxy: false,
    });
  }
}

interface RawWorkload {
  brief: { id: string; domain: string; state: string };
  rt_attributes?: { pod_name?: string };
  security?: { cap_quarantine?: boolean; cap_sniff?: boolean };
}

function checked(id: string): string {
  if (!ID.test(id)) throw new Failed(`"${id.slice(0, 60)}" is no id of NeuVector.`);
  return id;
}

/** The error says what NeuVector said, never what was sent: headers hold the key. */
function failureOf(error: unknown): Error {
  if (!isAxiosError(error)) return error instanceof Error ? error : new Failed(String(error));
  const { status, data } = error.response ?? {};
  const said = data !== null && typeof data === 'object' && 'message' in data ? String(data.message) : '';
  if (status === undefined || status === 408 || status === 429 || status >= 500)
    return new Transient(`NeuVector does not answer as it should: ${status ?? error.code ?? ''} ${said}`.trim());
  if (status === 401 || status === 403)
    return new Refused('missing_permission', `NeuVector does not allow it (${status}); the API key needs rt_policy. ${said}`.trim());
  if (status === 404) return new Refused('target_gone', `NeuVector knows no such thing. ${said}`.trim());
  return new Failed(`NeuVector refuses it (${status}): ${said}`);
}

/** https://www.rfc-editor.org/rfc/rfc7578; the answer has one part. */
function partOf(body: Buffer, type: string): Buffer {
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) throw new Transient('NeuVector gave no multipart answer.');
  const from = body.indexOf('\r\n\r\n');
  const to = body.indexOf(`\r\n--${boundary}`, from + 4);
  if (from < 0 || to < 0) throw new Transient('The file ends in the middle.');
  return body.subarray(from + 4, to);
}
