import CPAM

/// The machine's libpam, asked what it makes of files in a folder of the test's own.
enum LibPAM {
    /// What pam_authenticate(3) returns for the service `s`, by its number; nil where it could not even begin.
    static func authenticate(in folder: String) -> Int32? {
        var conversation = unsafe pam_conv(
            conv: { _, _, _, _ in 19 }, appdata_ptr: nil)
        var handle: OpaquePointer?
        guard unsafe pam_start_confdir("s", "root", &conversation, folder, &handle) == 0, let handle = unsafe handle
        else { return nil }
        let result = unsafe pam_authenticate(handle, 0)
        unsafe pam_end(handle, result)
        return result
    }
}
