internal import Authentication

/// What is to be told to one person: of a login that waits, or of an address that is to be confirmed.
struct Message {
    /// What it is for.
    enum Purpose: Equatable {
        /// A code for a login.
        case code
        /// A login that somebody is to approve; there is no code.
        case approval
        /// A code that shows that messages arrive at a new address.
        case setup
    }

    let purpose: Purpose
    /// The module's type and id.
    let module: String
    let account: AccountName
    let device: String
    let service: String
    let host: String?
    /// What people call this machine.
    let machine: String
    /// What is told where it is for a code, and what answers name.
    let code: FreshCode
}
