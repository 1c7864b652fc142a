import Negotiator from 'negotiator';

/** The forms that a review comes in; the first one where the caller has no wish. */
export const FORMS = ['application/json', 'text/html', 'text/markdown'] as const;
export type Form = (typeof FORMS)[number];
/** The languages that a review is written in; the first one where none of the caller's is among them. */
export const LANGUAGES = ['en', 'zh-Hant', 'zh-Hans'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Our answers are UTF-8, and a caller who asks for another charset is still better served with them than refused. */
const CHARSET = /\s*;\s*charset\s*=\s*("[^"]*"|[^;,\s]*)/gi;

/**
 * The form that the caller likes best (RFC 9110, `Accept`); undefined when none of ours would do. An empty header is
 * no wish, as none is.
 */
export function formFor(accept = ''): Form | undefined {
  const wished = accept.replaceAll(CHARSET, '').trim();
  const [best] = asking({ accept: wished === '' ? undefined : wished }).mediaTypes([...FORMS]);
  return FORMS.find((form) => form === best);
}

/** Chinese and those of its languages that are written as it is: a reader of Cantonese reads Chinese. */
const CHINESE = ['zh', 'yue', 'nan', 'hak', 'wuu', 'gan', 'hsn', 'cdo', 'lzh'];

/**
 * The language that the caller likes best (RFC 9110, `Accept-Language`). A region stands for the script that is written
 * there: `zh-TW`, `zh_TW` and `yue-HK` are Traditional, `zh` and `zh-CN` Simplified Chinese. A page in English is of more use to
 * a reader of none of ours than a refusal.
 */
export function languageFor(acceptLanguage: string | undefined): Language {
  const wanted = asking({ 'accept-language': acceptLanguage }).languages();
  return wanted.map(languageOf).find((language) => language !== undefined) ?? LANGUAGES[0];
}

function asking(headers: Readonly<Record<string, string | undefined>>): Negotiator {
  return new Negotiator({ headers: { ...headers } });
}

/** Undefined for a tag that is none, and for another language. */
function languageOf(tag: string): Language | undefined {
  try {
    const { language, script } = new Intl.Locale(tag.replaceAll('_', '-')).maximize();
    const written = CHINESE.includes(language) ? `zh-${script}` : language;
    return LANGUAGES.find((ours) => ours === written);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // `*`, or what is no language tag.
    throw error;
  }
}
