enum AuthenticationTestingPlaceholder {}
