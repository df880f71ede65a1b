/// What the module contract bounds (twostep-module(7)): a program is asked one line, answers one line, and ends.
package enum Contract {
    /// The version that both sides name.
    package static let version: Int64 = 1
    /// The longest answer: one line, in bytes, its newline included.
    package static let longestLine = 4096
    /// The longest question, in bytes: the devices of an account travel with it.
    package static let longestRequest = 65_536
    /// How much a program may write before it is ended, in bytes.
    package static let longestOutput = 65_536
    /// How long a program may take, in seconds.
    package static let times = 1...60
    /// How long it may take where nobody says, in seconds.
    package static let usualTime = 10
    /// How long it may take to begin a set-up within a login, in seconds. With what starting it takes (3 s) that is 8 s: the
    /// login's host hangs up after 10 s, as nobody could tell it in advance to wait longer.
    package static let setupTimeWithinLogin = 5
    /// How many fields a form may have.
    package static let mostFields = 8
    /// The longest answer to one field, in bytes (PAM's own bound, less its NUL).
    package static let longestAnswer = 511
    /// How many arguments a program may be given, and how long each may be, in bytes.
    package static let mostArguments = 32
    package static let longestArgument = 1024
    /// How much of an account's device a program may keep, in bytes.
    package static let longestPayload = 1024
}
