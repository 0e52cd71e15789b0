// PostgreSQL's own parser judges every migration: class, row security, canonical policy, grants, tenant keys.
import { formatFinding, lintMigrations } from '@idp/database';
import { migrationSourcesOf } from '@idp/service';
import { services } from '@idp/gateway';

let findings = 0;
for (const service of services) {
  for (const finding of await lintMigrations(migrationSourcesOf(service))) {
    console.log(`services/${service.name}: ${formatFinding(finding)}`);
    findings++;
  }
}
process.exit(findings === 0 ? 0 : 1);
