/// What somebody is asked for who wants to change the devices of the own account.
package struct ProofQuestion: Codable, Equatable, Sendable {
    /// What the person reads, newlines and the blank behind the colon included.
    package let text: String
    /// Whether the answer is typed without being shown.
    package let isHidden: Bool

    package init(text: String, isHidden: Bool) {
        self.text = text
        self.isHidden = isHidden
    }
}

/// A proof that was accepted, and is good for one change.
package struct OwnProof: Codable, Equatable, Sendable {
    package let account: String
    /// What it was accepted by.
    package let module: ModuleReference
    /// What the person is told along with it (how many codes are left); empty where there is nothing to tell.
    package let notice: String

    package init(account: String, module: ModuleReference, notice: String) {
        self.account = account
        self.module = module
        self.notice = notice
    }
}
