// Passwords: how they are hashed, and where the hashes of local accounts stand.
#include <crypt.h>
#include <shadow.h>
