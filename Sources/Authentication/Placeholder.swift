enum AuthenticationPlaceholder {}
