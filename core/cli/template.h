/* The folders sdk/template and sdk/template-cxx, as they are in the program (made by template.cmake). */
#ifndef PERDURE_CLI_TEMPLATE_H
#define PERDURE_CLI_TEMPLATE_H

typedef struct template_file {
    const char *name; /* in the folder; NULL ends the list */
    const char *text;
} template_file;

extern const template_file template_c[], template_cxx[];

#endif
