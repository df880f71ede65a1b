import Authentication

/// What was typed where password and code are one answer.
struct TypedTogether {
    /// All of it, to know the same again.
    let whole: UserInput
    /// The code at its end; nil if it ends in none.
    let code: UserInput?
    /// How many bytes the password has.
    let passwordLength: Int
}
