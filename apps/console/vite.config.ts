import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Browsers of the last two years: what is written for them (light-dark(), :has()) is not translated for older ones. */
const BROWSERS = ['chrome123', 'firefox128', 'safari17.5'];

// Nothing is inlined: the policy of the pages allows neither inline scripts and styles nor data URLs.
export default defineConfig({
  plugins: [react()],
  build: { target: BROWSERS, cssTarget: BROWSERS, assetsInlineLimit: 0, modulePreload: false, reportCompressedSize: false },
  server: { proxy: { '/v1': { target: 'http://127.0.0.1:8080', headers: { origin: 'http://127.0.0.1:8080' }, changeOrigin: true } } },
});
