# What `cmake --install` puts where, and the package by which another CMake project finds it:
#   find_package(cubemill CONFIG REQUIRED)
#   target_link_libraries(app PRIVATE cubemill::cubemill)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(cubemill_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cubemill)

install(TARGETS cubemill EXPORT cubemillTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cubemill DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/products/ DESTINATION ${CMAKE_INSTALL_DATADIR}/cubemill/products
  FILES_MATCHING PATTERN "*.json")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT cubemillTargets NAMESPACE cubemill:: DESTINATION ${cubemill_package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/cubemillConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cubemillConfig.cmake INSTALL_DESTINATION ${cubemill_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cubemillConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cubemillConfig.cmake ${PROJECT_BINARY_DIR}/cubemillConfigVersion.cmake
  DESTINATION ${cubemill_package_dir})

if(TARGET cubemill_cli)
  install(TARGETS cubemill_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
