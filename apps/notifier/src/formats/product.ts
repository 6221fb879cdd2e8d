/** Who says so, where a format wants to know. The version is that of `package.json`. */
export const PRODUCT = { vendor: 'Tocsin', name: 'Tocsin', version: '0.1.0' } as const;
