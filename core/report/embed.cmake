# cmake -DOUT=FILE.c -DCSS=page.css -DJS=page.js -P embed.cmake: both as arrays of bytes with a NUL behind each.
function(bytes_of FILE NAME RESULT)
  file(READ ${FILE} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],)(0x[0-9a-f][0-9a-f],)(0x[0-9a-f][0-9a-f],)(0x[0-9a-f][0-9a-f],))" "\\1\n" bytes "${bytes}")
  set(${RESULT} "const char ${NAME}[] = {\n${bytes}0x00};\n" PARENT_SCOPE)
endfunction()

bytes_of(${CSS} page_css css)
bytes_of(${JS} page_js js)
file(WRITE ${OUT} "/* Made by embed.cmake out of page.css and page.js. */\n#include \"report/html_page.h\"\n\n${css}\n${js}")
