// Part of a release: freezes the present messages as the baseline that later ones must not break, with golden bytes of each.
import { releaseContracts } from '../libs/contracts/src/generate/release-contracts.ts';

await releaseContracts();
