enum AuthProvidersPlaceholder {}
