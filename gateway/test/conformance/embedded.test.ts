import { runConformance } from './run-conformance.ts';
import { startEmbeddedTarget } from './targets/embedded.ts';

runConformance('embedded', startEmbeddedTarget);
