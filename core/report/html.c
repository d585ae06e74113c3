/* The report of a run as one page of HTML: in reading order.
 *
 * It fetches nothing and sends nothing, and says so to the browser: its policy allows this one style sheet and this one script, by
 * their digests. So a name that got past the escaping could still not run. */
#include "report/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "report/html_page.h"
#include "report/html_text.h"

enum { DIGEST = 32 };

/* Base 64 of a digest, as a policy wants it. */
static void digest_add(const char *bytes, text *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char hex[SHA256_HEX];
    unsigned raw[DIGEST + 1] = {0};
    sha256_bytes(bytes, strlen(bytes), hex);
    for (int i = 0; i < DIGEST; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        raw[i] = (unsigned)strtoul(two, NULL, 16);
    }
    text_addf(out, "'sha256-");
    for (int i = 0; i < DIGEST; i += 3) {
        unsigned three = raw[i] << 16 | raw[i + 1] << 8 | (i + 2 < DIGEST ? raw[i + 2] : 0);
        text_addf(out, "%c%c%c%c", digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63],
                  i + 2 < DIGEST ? digits[three & 63] : '=');
    }
    text_addf(out, "'");
}

static void begin_add(const struct finished_run *r, text *out)
{
    text_addf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
                   "http-equiv=\"Content-Security-Policy\" "
                   "content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src ");
    digest_add(page_css, out);
    text_addf(out, "; script-src ");
    digest_add(page_js, out);
    text_addf(
        out,
        "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
        "content=\"light dark\">\n<meta name=\"generator\" content=\"Perdure " PERDURE_VERSION "\">\n<title>");
    html_add(html_word_at(r->summary, "name", "?"), out);
    text_addf(out, " – Perdure</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", page_css);
}

static void end_add(text *out)
{
    text_addf(out,
              "</main>\n<footer><p>Made by Perdure " PERDURE_VERSION
              " out of the run’s own files; nothing on this page comes from "
              "anywhere else.</p></footer>\n<script>%s</script>\n</body>\n</html>\n",
              page_js);
}

int report_html(const char *folder, const json_t *summary, text *out, error *e)
{
    struct finished_run r;
    int code = finished_read(folder, summary, &r, e);
    if (code)
        return code;
    begin_add(&r, out);
    html_head(&r, out);
    html_failures(&r, out);
    html_methods(&r, out);
    html_curves(&r, out);
    html_matrices(&r, out);
    html_forgetting(&r, out);
    html_cost(&r, out);
    html_gates(&r, out);
    html_warnings(&r, out);
    html_sources(&r, out);
    end_add(out);
    finished_close(&r);
    return 0;
}
