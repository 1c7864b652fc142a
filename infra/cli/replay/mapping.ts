import * as z from 'zod';
import { ReportV1 } from '#shared/contracts/report.v1.ts';
import { Slug } from '#shared/contracts/shapes.ts';
import cfpb from './cfpb-mapping.json' with { type: 'json' };

const Column = z.string().min(1);
const Columns = z.union([Column, z.array(Column).min(1)]);
const Type = z.strictObject({ category: Slug, type: Slug });

/** How the columns of an export become reports; `docs/replay.md` explains every field. */
export const MappingSchema = z.strictObject({
  name: z.string().min(1),
  /** The language of the texts, a BCP 47 tag. */
  language: z.string(),
  /** Values that say nothing, treated like an empty cell. */
  blank: z.array(z.string()),
  /** Fields of the report, each from the first of its columns that says something. */
  columns: z.strictObject({
    externalId: Columns,
    occurredAt: Columns,
    text: Columns.optional(),
    demand: Columns.optional(),
    product: Columns.optional(),
    batch: Columns.optional(),
    region: Columns.optional(),
  }),
  /** Free attributes of the report: name → column. */
  attributes: z.record(z.string(), Column),
  /** The channel; a value that is not listed is a fault of its row, unless `otherwise` names a source. */
  source: z.strictObject({ column: Column, values: z.record(z.string(), Slug), otherwise: Slug.optional() }),
  /** The first rule whose columns all hold one of their values gives category and type. */
  types: z.array(Type.extend({ when: z.record(Column, z.array(z.string()).min(1)) })),
  otherwise: Type,
});
export type Mapping = z.infer<typeof MappingSchema>;

/** The mapping of the CFPB's complaint export. */
export const cfpbMapping: Mapping = MappingSchema.parse(cfpb);

/** One line of an export: column → cell. */
export type Cells = Readonly<Record<string, string>>;

/** What is wrong with one row, and the column where it stands. */
export interface CellFault {
  readonly column: string;
  readonly message: string;
}

/** A report and the source that it came through. */
export interface MappedReport {
  readonly source: string;
  readonly report: ReportV1;
}

/** Every column that the mapping reads; an export without one of them is not what the mapping is for. */
export function columnsOf(mapping: Mapping): readonly string[] {
  const named = [
    ...Object.values(mapping.columns).flatMap((columns) => columns ?? []),
    ...Object.values(mapping.attributes),
    mapping.source.column,
    ...mapping.types.flatMap(({ when }) => Object.keys(when)),
  ];
  return [...new Set(named)];
}

/**
 * Makes one report of one line of an export. Cells are trimmed; what is blank is left out.
 *
 * @param givenSource overrides the mapping's source
 * @returns the report, held to the contract of the door, or everything that is wrong with it
 */
export function mapRow(
  cells: Cells,
  mapping: Mapping,
  givenSource?: string,
): MappedReport | { readonly faults: readonly CellFault[] } {
  const source = givenSource ?? sourceOf(cells, mapping);
  if (source === undefined) return { faults: [unknownSource(cells, mapping)] };
  const report: Record<string, unknown> = { ...typeOf(cells, mapping) };
  for (const [field, columns] of Object.entries(mapping.columns)) {
    const value = firstFilled(cells, columns, mapping.blank);
    if (value !== undefined) report[field] = value;
  }
  if (report.text !== undefined) report.language = mapping.language;
  const attributes = Object.entries(mapping.attributes).flatMap(([name, column]) => {
    const value = firstFilled(cells, column, mapping.blank);
    return value === undefined ? [] : [[name, value]];
  });
  if (attributes.length > 0) report.attributes = Object.fromEntries(attributes);
  const parsed = ReportV1.safeParse(report);
  if (parsed.success) return { source, report: parsed.data };
  return {
    faults: parsed.error.issues.map(({ path, message }) => ({
      column: columnOf(path, mapping),
      message: firstFilled(cells, columnOf(path, mapping), []) === undefined ? 'is empty' : message,
    })),
  };
}

function typeOf(cells: Cells, { types, otherwise, blank }: Mapping): z.infer<typeof Type> {
  const fits = types.find(({ when }) =>
    Object.entries(when).every(([column, values]) => values.includes(firstFilled(cells, column, blank) ?? '')),
  );
  const { category, type } = fits ?? otherwise;
  return { category, type };
}

function sourceOf(cells: Cells, { source, blank }: Mapping): string | undefined {
  const given = firstFilled(cells, source.column, blank);
  const known = given !== undefined && Object.hasOwn(source.values, given) ? source.values[given] : undefined;
  return known ?? source.otherwise;
}

function unknownSource(cells: Cells, { source }: Mapping): CellFault {
  const known = Object.keys(source.values).join(', ');
  const given = cells[source.column]?.trim().slice(0, 60) ?? '';
  return { column: source.column, message: `'${given}' is none of ${known}; --source gives all rows one source` };
}

function firstFilled(cells: Cells, columns: string | readonly string[], blank: readonly string[]): string | undefined {
  for (const column of typeof columns === 'string' ? [columns] : columns) {
    const value = cells[column]?.trim();
    if (value && !blank.includes(value)) return value;
  }
  return undefined;
}

/** Where the value of a field came from. */
function columnOf(path: readonly PropertyKey[], mapping: Mapping): string {
  const [field, name] = path;
  if (field === 'attributes') return mapping.attributes[String(name)] ?? String(field);
  const from = Object.entries(mapping.columns).find(([given]) => given === field)?.[1];
  return typeof from === 'string' ? from : (from?.[0] ?? String(field));
}
