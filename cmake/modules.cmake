# Links those of the libraries that exist: a module that was skipped for want of sources is no
# target, and its plain name would be taken for a library of the system.
function(link_existing name scope)
    foreach(library IN LISTS ARGN)
        if(TARGET ${library})
            target_link_libraries(${name} ${scope} ${library})
        elseif(NOT EXISTS ${PROJECT_SOURCE_DIR}/src/${library})
            target_link_libraries(${name} ${scope} ${library}) # one of the system, such as m
        endif()
    endforeach()
endfunction()

# module(name uses...): src/<name>/**.c as a static library.  The glob is deliberate: a new
# model or op is one file and one row, and no build file changes.
function(module name)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
    if(name STREQUAL "cpu")
        list(FILTER sources EXCLUDE REGEX "/cpu/kernels/")
    endif()
    if(NOT sources)
        message(STATUS "skipping module ${name}: src/${name} has no sources yet")
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_compile_options(${name} PRIVATE -include base/banned.h)
    link_existing(${name} PUBLIC ${ARGN})
    if(name STREQUAL "cpu")
        vector_kernels(${name})
    endif()
endfunction()

# src/cpu/kernels/*.c are compiled once per instruction set, with the suffix in their symbols;
# cpu/features.c chooses at run time.  Contraction to FMA is wanted here and nowhere else.  Under
# sanitizers they are built plainly: instrumented and unrolled, one file takes a minute to compile.
function(vector_kernels target)
    set(optimise -O3)
    if(FOVEA_SANITIZE)
        set(optimise -O1 -fno-sanitize=undefined)
    endif()
    file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cpu/kernels/*.c)
    set(flags_generic -DKERNEL_ISA=generic -DKERNEL_LANES=8 -Wno-psabi)
    set(flags_avx2 -DKERNEL_ISA=avx2 -DKERNEL_LANES=8 -mavx2 -mfma -mf16c)
    set(flags_avx512 -DKERNEL_ISA=avx512 -DKERNEL_LANES=16 -mavx512f -mavx512dq -mavx512bw
        -mavx512vl -mfma -mprefer-vector-width=512)
    foreach(isa generic avx2 avx512)
        add_library(kernels_${isa} OBJECT ${kernels})
        target_include_directories(kernels_${isa} PRIVATE ${PROJECT_SOURCE_DIR}/src)
        target_compile_options(kernels_${isa} PRIVATE ${optimise} -ffp-contract=fast -fno-trapping-math
            -include base/banned.h ${flags_${isa}})
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:kernels_${isa}>)
    endforeach()
endfunction()

# program(name "source;source..." uses...)
function(program name sources)
    add_executable(${name} ${sources})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    link_existing(${name} PRIVATE ${ARGN})
endfunction()
