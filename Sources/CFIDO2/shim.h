#ifndef TWOSTEP_CFIDO2_SHIM_H
#define TWOSTEP_CFIDO2_SHIM_H

#include <fido.h>
#include <fido/es256.h>

#endif
