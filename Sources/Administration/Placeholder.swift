enum AdministrationPlaceholder {}
