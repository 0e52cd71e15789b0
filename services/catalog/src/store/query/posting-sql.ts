import { sql, type RawBuilder } from 'kysely';
import { rowMatches } from './entity-rights.ts';
import type { PostingNode, PostingSource, ValueMatch } from '../../domain/query/postings.ts';

type Sql = RawBuilder<unknown>;

/** How a statement that starts from the matching entities finds them. */
export interface Matching {
  /** Common table expressions that the statement needs in its `with` list; ends in a comma when there are any. */
  readonly with: Sql;
  /** Condition on an entity number. */
  readonly where: (no: Sql) => Sql;
}

/**
 * The entities that match: members of a set, or probes where only the universe could give the set. The set is computed once,
 * whatever the planner takes it for: of rows that came a moment ago it knows nothing, takes every posting to be one row,
 * and would read the set anew for each entity.
 */
export function matching(node: PostingNode): Matching {
  const set = numbersOf(node);
  if (set === undefined) return { with: sql``, where: (no) => probe(node, no) };
  return { with: sql`hits as materialized (${set}), `, where: (no) => sql`${no} in (select h.no from hits h)` };
}

/**
 * Condition on an entity number, for statements that have few numbers in hand: one index probe, or one lookup in a hash,
 * for each condition. `is true` keeps the planner from joining two postings instead. How many rows a posting has, it
 * cannot know in a generic plan, and takes it to be one: it would then read the second posting whole for every row of
 * the first.
 */
export function probe(node: PostingNode, no: Sql): Sql {
  switch (node.op) {
    case 'always':
      return sql`true`;
    case 'never':
      return sql`false`;
    case 'all':
      return joined(node.nodes, no, sql` and `);
    case 'any':
      return joined(node.nodes, no, sql` or `);
    case 'not':
      return sql`(${probe(node.node, no)}) is not true`;
    case 'values':
      return sql`(exists (${postings(node.of, node.match, no)})) is true`;
    case 'rows':
      return rowMatches(node, no);
  }
}

function joined(nodes: readonly PostingNode[], no: Sql, operator: Sql): Sql {
  return sql`(${sql.join(
    nodes.map((child) => probe(child, no)),
    operator,
  )})`;
}

/** The numbers that match, as a select (a number may come twice); undefined where only the universe would give them. */
function numbersOf(node: PostingNode): Sql | undefined {
  switch (node.op) {
    case 'values':
      return postings(node.of, node.match, undefined);
    case 'any': {
      const sets = node.nodes.map(numbersOf).filter((set) => set !== undefined);
      return sets.length === node.nodes.length ? sql.join(sets, sql` union all `) : undefined;
    }
    case 'all': {
      const start = node.nodes.find((child) => numbersOf(child) !== undefined);
      const set = start === undefined ? undefined : numbersOf(start);
      if (set === undefined) return undefined;
      const rest = node.nodes.filter((child) => child !== start).map((child) => probe(child, sql`s.no`));
      return sql`select s.no from (${set}) s where ${sql.join(rest, sql` and `)}`;
    }
    default:
      return undefined;
  }
}

/** The postings of a source whose value matches; of one entity, or of all with `no` undefined. */
function postings(of: PostingSource, match: ValueMatch, no: Sql | undefined): Sql {
  return of.kind === 'terms' ? termPostings(of.keyId, match, no) : relationPostings(of, match, no);
}

function termPostings(keyId: number, match: ValueMatch, no: Sql | undefined): Sql {
  const ofEntity = no === undefined ? sql`` : sql` and t.no = ${no}`;
  switch (match.by) {
    case 'any':
      return sql`select t.no from terms t where t.key_id = ${keyId}${ofEntity}`;
    case 'ids':
      return sql`select t.no from terms t where t.key_id = ${keyId} and ${among(sql`t.value_id`, match.ids)}${ofEntity}`;
    default:
      return sql`select t.no from terms t where t.key_id = ${keyId}${ofEntity}
        and ${valueMatches(valueTexts, sql`t.value_id`, match, no !== undefined)}`;
  }
}

function relationPostings(of: PostingSource & { kind: 'relations' }, match: ValueMatch, no: Sql | undefined): Sql {
  const near = of.reverse ? sql`g.dst_no` : sql`g.src_no`;
  const far = of.reverse ? sql`g.src_no` : sql`g.dst_no`;
  const ofEntity = no === undefined ? sql`` : sql` and ${near} = ${no}`;
  const current = sql`g.pair_id = ${of.pairId} and g.to_seq is null${ofEntity}`;
  switch (match.by) {
    case 'any':
      return sql`select ${near} as no from edges g where ${current}`;
    case 'ids':
      return sql`select ${near} as no from edges g where ${current} and ${among(far, match.ids)}`;
    default:
      return sql`select ${near} as no from edges g where ${current}
        and ${valueMatches(refTexts, far, match, no !== undefined)}`;
  }
}

/** Where the text of a value id, or of an entity number, is found. */
interface TextTable {
  readonly from: Sql;
  readonly id: Sql;
  readonly text: Sql;
}

const valueTexts: TextTable = { from: sql`term_values x`, id: sql`x.id`, text: sql`x.folded` };
const refTexts: TextTable = { from: sql`refs x`, id: sql`x.no`, text: sql`x.ref` };

type TextMatch = ValueMatch & { by: 'prefix' | 'text' };

/**
 * Condition on the id of a text. Not a join, whose order would be a guess: for a set the ids of all texts that match are read once
 * (one range of an index for a prefix, the texts of the tenant for a substring), for one entity its own text is looked up.
 */
function valueMatches({ from, id, text }: TextTable, valueId: Sql, match: TextMatch, ofOneEntity: boolean): Sql {
  if (ofOneEntity) return sql`(select ${textMatches(text, match)} from ${from} where ${id} = ${valueId})`;
  return sql`${valueId} = any(array(select ${id} from ${from} where ${textMatches(text, match)}))`;
}

function textMatches(column: Sql, match: TextMatch): Sql {
  if (match.by === 'text') return sql`strpos(${column}, ${match.text}) > 0`;
  const upper = match.to === undefined ? sql`` : sql` and ${column} ~<~ ${match.to}`;
  return sql`${column} ~>=~ ${match.from}${upper}`;
}

function among(column: Sql, ids: readonly number[]): Sql {
  return ids.length === 1 ? sql`${column} = ${ids[0]}` : sql`${column} = any(${ids}::int[])`;
}

/** The values of a source as (no, value), for sorting; value is folded text. */
export function sortValues(of: PostingSource): Sql {
  if (of.kind === 'terms') {
    return sql`select t.no, v.folded as value from terms t join term_values v on v.id = t.value_id
      where t.key_id = ${of.keyId}`;
  }
  const near = of.reverse ? sql`g.dst_no` : sql`g.src_no`;
  const far = of.reverse ? sql`g.src_no` : sql`g.dst_no`;
  return sql`select ${near} as no, r.ref as value from edges g join refs r on r.no = ${far}
    where g.pair_id = ${of.pairId} and g.to_seq is null`;
}
