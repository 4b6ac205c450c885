# Warnings are errors; sanitizers are chosen by the presets through FOVEA_SANITIZE.
set(FOVEA_SANITIZE "" CACHE STRING "value of -fsanitize=, e.g. address,undefined")

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(
    -Wall -Wextra -Werror -Wno-missing-field-initializers -Wshadow -Wvla -Wwrite-strings -Wmissing-prototypes
    -Wstrict-prototypes -Wold-style-definition -Wpointer-arith -Wno-overlength-strings
    -fno-omit-frame-pointer -fno-math-errno)
add_compile_definitions(_GNU_SOURCE FOVEA_VERSION="${PROJECT_VERSION}")

if(FOVEA_SANITIZE)
    add_compile_options(-fsanitize=${FOVEA_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FOVEA_SANITIZE})
endif()
