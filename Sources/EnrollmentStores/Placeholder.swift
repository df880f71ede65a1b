enum EnrollmentStoresPlaceholder {}
