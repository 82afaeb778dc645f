# Targets: GameNetworkingSockets::shared, GameNetworkingSockets::static, and GameNetworkingSockets::GameNetworkingSockets
# for the shared one.
get_filename_component(_gns_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_package(Threads REQUIRED)

if(NOT TARGET GameNetworkingSockets::shared)
    add_library(GameNetworkingSockets::shared SHARED IMPORTED)
    set_target_properties(GameNetworkingSockets::shared PROPERTIES
        IMPORTED_LOCATION "${_gns_prefix}/lib/libGameNetworkingSockets.so"
        IMPORTED_SONAME "libGameNetworkingSockets.so"
        INTERFACE_INCLUDE_DIRECTORIES "${_gns_prefix}/include")

    add_library(GameNetworkingSockets::static STATIC IMPORTED)
    set_target_properties(GameNetworkingSockets::static PROPERTIES
        IMPORTED_LOCATION "${_gns_prefix}/lib/libGameNetworkingSockets.a"
        INTERFACE_INCLUDE_DIRECTORIES "${_gns_prefix}/include"
        INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")

    add_library(GameNetworkingSockets::GameNetworkingSockets INTERFACE IMPORTED)
    set_target_properties(GameNetworkingSockets::GameNetworkingSockets PROPERTIES
        INTERFACE_LINK_LIBRARIES GameNetworkingSockets::shared)
endif()
unset(_gns_prefix)
