import { runService } from '@idp/service';
import { catalog } from './service.ts';

await runService(catalog);
