# What comes from Debian, under short names.  tools/install-deps.sh lists the packages.
find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(Threads REQUIRED)

function(dependency name pkg)
    pkg_check_modules(DEP_${name} REQUIRED IMPORTED_TARGET ${pkg})
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE PkgConfig::DEP_${name})
endfunction()

function(dependency_library name library) # libraries that ship no pkg-config file
    find_library(LIB_${name} ${library} REQUIRED)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${LIB_${name}})
endfunction()

dependency(jansson jansson)
dependency(crypto libcrypto)
dependency(turbojpeg libturbojpeg)
dependency(jpeg libjpeg)
dependency(spng spng)
dependency(webp libwebp)
dependency_library(gif gif)
dependency(tiff libtiff-4)
dependency_library(dnnl dnnl)

add_library(openmp INTERFACE)
target_link_libraries(openmp INTERFACE OpenMP::OpenMP_C)
add_library(threads INTERFACE)
target_link_libraries(threads INTERFACE Threads::Threads)
