// Tests run on the TypeScript sources: workspaces resolve to src, not dist, so that a test never sees a stale build.
export default {
  testEnvironment: 'node',
  // A machine may be busy with the other half of the tests.
  testTimeout: 30_000,
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test', '<rootDir>/scripts'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@tocsin/(event-log|runtime)/nest$': '<rootDir>/libs/$1/src/nest/index.ts',
    '^@tocsin/(domain|extension|syslog|event-log|store|evidence|policy|runtime|testing)$': '<rootDir>/libs/$1/src/index.ts',
    '^@tocsin/(ingest|correlator|responder|notifier|api|standalone)$': '<rootDir>/apps/$1/src/index.ts',
    '^@tocsin/(ingest|correlator|responder|notifier|api)/([a-z-]+)$': '<rootDir>/apps/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
};
