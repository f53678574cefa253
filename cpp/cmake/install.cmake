# What `cmake --install` puts in place: the static library, its headers, and the package by which
# find_package(lpat CONFIG) finds them wherever they are moved.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(LPAT_PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/lpat)
set_target_properties(lpat_core PROPERTIES EXPORT_NAME core)
install(TARGETS lpat_core EXPORT lpat
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/include/lpat
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT lpat NAMESPACE lpat:: FILE lpat-targets.cmake DESTINATION ${LPAT_PACKAGE})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/lpat-config.cmake.in lpat-config.cmake
                              INSTALL_DESTINATION ${LPAT_PACKAGE})
# Before 1.0 a minor version may break what it likes.
write_basic_package_version_file(lpat-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lpat-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/lpat-config-version.cmake
        DESTINATION ${LPAT_PACKAGE})
