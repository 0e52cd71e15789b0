import { runService } from '@idp/service';
import { auth } from './service.ts';

await runService(auth);
