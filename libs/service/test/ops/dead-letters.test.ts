import { deadLetters } from './suites/dead-letters.ts';

deadLetters('the PostgreSQL bus');
