import Authentication

/// What was sent to a person for one step of a login.
struct Delivery {
    /// How many messages there may be for one session.
    static let most = 3

    /// Who has sent it, and is asked about the answer.
    let module: ModuleID
    /// Nil where there was nobody to send anything to: that is asked about like everything else.
    var message: SentMessage?
    /// How many messages there were.
    var count: Int
}
