import type { Directory } from '#shared/domain/policy/directory.ts';
import { WorkingCalendarSchema } from '#shared/policy/calendars/calendar-schema.ts';
import cn from '#shared/policy/calendars/cn-1.json' with { type: 'json' };
import { RELEASED_POLICIES, SAMPLE_ORGANISATION } from '#shared/policy/released.ts';

/** The sample organisation of `interface.md`, as every test knows it. */
export const ZONE = 'Asia/Shanghai';
export const POLICY = RELEASED_POLICIES['policy-1'];
export const CALENDAR = WorkingCalendarSchema.parse(cn);
export const DIRECTORY: Directory = new Map(SAMPLE_ORGANISATION.map((subject) => [subject.id, subject]));
