# The web UI becomes part of fovea: write-openapi prints the API's description, npm makes types and
# pages of it and of web/, and web/tools/pack.mjs packs them into one file for src/main/web_pack.c.
#   FOVEA_WEB=ON        with Node and what it needs; else fovea says at / why there are no pages
#   FOVEA_WEB=OFF       never: nothing of Node is touched
#   FOVEA_WEB=REQUIRED  a failure ends the build: for packages
set(FOVEA_WEB ON CACHE STRING "build the web UI: ON, OFF or REQUIRED")

program(write-openapi src/main/write_openapi.c api app net base)
set_target_properties(write-openapi PROPERTIES EXCLUDE_FROM_ALL ON)

file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/* ${PROJECT_SOURCE_DIR}/web/public/*)
list(FILTER web_sources EXCLUDE REGEX "schema\\.d\\.ts$|\\.test\\.tsx?$")
set(web_folder ${PROJECT_BINARY_DIR}/web)
set(web_inputs "")
if(FOVEA_WEB)
    set(web_openapi ${web_folder}/openapi.json)
    set(web_inputs ${web_openapi} ${web_sources} ${PROJECT_SOURCE_DIR}/web/package-lock.json
        ${PROJECT_SOURCE_DIR}/web/vite.config.ts ${PROJECT_SOURCE_DIR}/web/index.html
        ${PROJECT_SOURCE_DIR}/web/tools/pack.mjs)
    add_custom_command(OUTPUT ${web_openapi}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${web_folder}
        COMMAND write-openapi > ${web_openapi}.new
        COMMAND ${CMAKE_COMMAND} -E copy_if_different ${web_openapi}.new ${web_openapi}
        DEPENDS write-openapi VERBATIM)
endif()
add_custom_command(OUTPUT ${web_folder}/ui.pack
    COMMAND ${PROJECT_SOURCE_DIR}/tools/build-web.sh ${FOVEA_WEB} ${web_folder}
    DEPENDS ${PROJECT_SOURCE_DIR}/tools/build-web.sh ${web_inputs} VERBATIM)
set_source_files_properties(src/main/web_pack.c PROPERTIES OBJECT_DEPENDS ${web_folder}/ui.pack
    COMPILE_DEFINITIONS WEB_PACK_FILE="${web_folder}/ui.pack")
