/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/html.h"

#include <stdbool.h>

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1c2126;--bg:#fff;--soft:#f3f5f7;--line:#d5dae0;--dim:#68727d;"
    "--good:#176f3c;--goodbg:#dff4e6;--bad:#a5161d;--badbg:#fde2e2;--known:#7a5200;--knownbg:#fdf0d0;--link:#0b5cad}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e3e7eb;--bg:#14181c;--soft:#1d2329;--line:#37404a;--dim:#97a3af;"
    "--good:#7fdca0;--goodbg:#12351f;--bad:#ff9d9d;--badbg:#4a1618;--known:#f3cf7a;--knownbg:#3f3008;--link:#82b8f5}}\n"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:2rem auto;max-width:90rem;"
    "padding:0 1.5rem}\n"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}a{color:var(--link)}\n"
    "p.dim,.dim{color:var(--dim)}code{font-size:.92em;background:var(--soft);padding:0 .2em;border-radius:3px}\n"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid var(--line);padding:.35rem .6rem;"
    "text-align:left;vertical-align:top}\n"
    "thead th{position:sticky;top:0;background:var(--soft);z-index:1}tr.section th{background:var(--soft);"
    "font-size:1.05rem}\n"
    "table.small{width:auto}td.sentence{min-width:24rem}td.id{white-space:nowrap;font-weight:600}\n"
    "td.pass{background:var(--goodbg);color:var(--good)}td.fail{background:var(--badbg);color:var(--bad)}\n"
    "td.known{background:var(--knownbg);color:var(--known)}td.none{color:var(--dim)}\n"
    "summary{cursor:pointer;white-space:nowrap}details ul{margin:.4rem 0;padding-left:1.1rem;color:var(--fg)}\n"
    "details pre{white-space:pre-wrap;font-size:.82rem;background:var(--bg);border:1px solid var(--line);"
    "padding:.5rem;max-width:48rem;overflow-x:auto}\n";

static void put(FILE *out, char byte) {
    switch (byte) {
    case '&': fputs("&amp;", out); break;
    case '<': fputs("&lt;", out); break;
    case '>': fputs("&gt;", out); break;
    case '"': fputs("&quot;", out); break;
    default: fputc(byte, out);
    }
}

void lc_html_text(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        put(out, *text);
    }
}

void lc_html_sentence(FILE *out, const char *markdown) {
    bool code = false, italic = false;
    for (; *markdown != '\0'; markdown++) {
        if (*markdown == '`') {
            fputs(code ? "</code>" : "<code>", out);
            code = !code;
        } else if (*markdown == '*' && !code) {
            fputs(italic ? "</em>" : "<em>", out);
            italic = !italic;
        } else {
            put(out, *markdown);
        }
    }
    fputs(code ? "</code>" : "", out);
    fputs(italic ? "</em>" : "", out);
}

void lc_html_begin(FILE *out, const char *title) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          out);
    lc_html_text(out, title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    lc_html_text(out, title);
    fputs("</h1>\n", out);
}

void lc_html_end(FILE *out) {
    fputs("</body>\n</html>\n", out);
}
