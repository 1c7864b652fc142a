import * as z from 'zod';

/** An export that is to be written, from who took the request to who writes it. It may come twice: the state decides. */
export const ExportMessageV1 = z.object({ exportId: z.uuid() });
export type ExportMessageV1 = z.infer<typeof ExportMessageV1>;
