import { describe, expect, test } from 'vitest';
import { formFor, languageFor } from '#functions/reviews/negotiate.ts';

describe('the form of an answer (RFC 9110)', () => {
  test.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['text/markdown', 'text/markdown'],
    ['text/*;q=0.5, application/json;q=0.4', 'text/html'],
    ['text/markdown, text/html;q=0.9', 'text/markdown'],
    ['application/json;q=0, */*', 'text/html'],
    ['text/html;charset=utf-8', 'text/html'],
    ['text/markdown ; charset="UTF-8" ; q=0.4, text/html;q=0.3;charset=utf-8', 'text/markdown'],
    ['', 'application/json'],
    [' ', 'application/json'],
    ['image/png', undefined],
    ['image/png;charset=utf-8', undefined],
    ['application/json;q=0', undefined],
  ])('%s: %s', (accept, form) => {
    expect(formFor(accept)).toBe(form);
  });
});

describe('the language of an answer', () => {
  test.each([
    [undefined, 'en'],
    ['*', 'en'],
    ['en-GB', 'en'],
    ['zh', 'zh-Hans'],
    ['zh-CN', 'zh-Hans'],
    ['zh-SG', 'zh-Hans'],
    ['zh-TW', 'zh-Hant'],
    ['zh-HK', 'zh-Hant'],
    ['zh-MO', 'zh-Hant'],
    ['zh-Hant-CN', 'zh-Hant'],
    ['ZH-hant', 'zh-Hant'],
    ['zh_TW', 'zh-Hant'],
    ['zh_CN', 'zh-Hans'],
    ['yue-HK', 'zh-Hant'],
    ['yue', 'zh-Hant'],
    ['yue-CN', 'zh-Hans'],
    ['nan-TW', 'zh-Hant'],
    ['cmn-Hant', 'zh-Hant'],
    ['en_GB', 'en'],
    ['', 'en'],
    ['fr, zh-TW;q=0.3', 'zh-Hant'],
    ['en;q=0.2, zh-CN;q=0.8', 'zh-Hans'],
    ['zh-TW;q=0, en', 'en'],
    ['de', 'en'],
    ['not a tag at all!', 'en'],
  ])('%s: %s', (acceptLanguage, language) => {
    expect(languageFor(acceptLanguage)).toBe(language);
  });
});
