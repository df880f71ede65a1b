/// Who says whether a security key that sshd has accepted is a factor that somebody holds. It may take its time, so it is
/// never asked on the event loop.
package protocol SSHKeyWitness: Sendable {
    /// Whether the key of a connection counts. Whatever cannot be told does not.
    func testify(_ question: SSHKeyQuestion) -> SSHKeyTestimony
}

/// What a witness says.
package enum SSHKeyTestimony: Equatable, Sendable {
    /// sshd wants a touch or a PIN for it, and only root says which keys there are.
    case counts
    /// It does not, or that is not certain: why, in words for the journal.
    case doubtful(String)
}

/// Nobody: no key counts.
package struct NoSSHKeyWitness: SSHKeyWitness {
    package init() {}

    package func testify(_ question: SSHKeyQuestion) -> SSHKeyTestimony {
        .doubtful("there is nobody who could ask sshd")
    }
}
