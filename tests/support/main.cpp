// The main of every test executable, compiled once.
#define CATCH_CONFIG_MAIN
#include "support/catch.hpp"
