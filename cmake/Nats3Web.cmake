# nats3_web_bundle(<variable>): bundles web/src with React, as Debian packages it, into one script.
# Sets the variable to its path. For the folder whose target embeds it.
find_program(NATS3_ESBUILD esbuild REQUIRED)

function(nats3_web_bundle variable)
  set(script ${CMAKE_CURRENT_BINARY_DIR}/app.js)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*.ts ${CMAKE_SOURCE_DIR}/web/src/*.tsx)
  add_custom_command(OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} -E env NODE_PATH=/usr/share/nodejs
            ${NATS3_ESBUILD} --bundle src/main.tsx --minify --jsx=automatic --target=es2021
            --define:process.env.NODE_ENV="production" --log-level=warning --outfile=${script}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/web
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/web/tsconfig.json ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    VERBATIM)
  set(${variable} ${script} PARENT_SCOPE)
endfunction()
