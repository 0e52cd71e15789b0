import { testEnvoy } from '@idp/testing';
import { runConformance } from './run-conformance.ts';
import { startEnvoyTarget } from './targets/envoy.ts';

const binary = await testEnvoy();

runConformance('envoy', () => startEnvoyTarget(binary));
