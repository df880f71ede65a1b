enum AuthModulesPlaceholder {}
