/**
 * The file of a form, as Jira wants it: in a part `file`, with a header that says that no browser was tricked into sending it,
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/. Undefined where it is none.
 */
export async function fileOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): Promise<{ filename: string; content: Buffer } | undefined> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': String(headers['content-type']) } }).formData();
  const file = form.get('file');
  return file instanceof File ? { filename: file.name, content: Buffer.from(await file.arrayBuffer()) } : undefined;
}
