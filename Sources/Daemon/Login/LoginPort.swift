import Wire

/// What a conversation can do to its connection.
protocol LoginPort: AnyObject {
    /// Puts a prompt; `patience` is how many seconds the next reply may take, 0 for the usual.
    func prompt(_ style: PromptStyle, patience: UInt16, text: String)
    /// Puts a prompt that shows secrets.
    func prompt(_ style: PromptStyle, patience: UInt16, showing text: borrowing PromptText)
    /// Sets a variable of PAM's environment.
    func setEnvironment(_ name: String, _ value: String)
    /// Leaves the first bytes of what was typed last as PAM_AUTHTOK: what is behind them was no part of the password.
    func setPassword(prefix: UInt16)
    /// Sends the verdict and closes.
    func finish(_ code: VerdictCode, text: String)
}
