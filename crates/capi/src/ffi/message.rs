//! Messages: objects that belong to whoever has them in hand, C or us.
//!
//! What programs see is the first part of an object; the rest is ours. A released object rests for a while before its
//! memory is used again, so that a second release is noticed instead of doing harm.
//!
//! The application's function for freeing a buffer is never called from inside the engine: a message whose last user was
//! the engine is put aside, and `bury` calls the function where no lock is held.

use super::callbacks::FreeFn;
use super::ptr::{FromC, Plain, ToC, zeroed};
use crate::abi::structs::{Identity, Message};
use crate::imp::debug::complain;
use bytes::{Bytes, BytesMut};
use std::alloc::{Layout, alloc_zeroed};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Payloads up to this size lie in the object itself: those of games mostly do.
const SMALL_BYTES_MAX: usize = 128;
/// Released objects of a thread that rest before they are used again.
const RESTING: usize = 64;
/// Most objects that a thread keeps: what it receives in a busy frame.
const KEPT_MAX: usize = 1024;
/// What an application may forget to say: the channel of messages on connections.
const NO_CHANNEL: i32 = -1;

/// A message with what belongs to it.
#[repr(C)]
struct Object {
    message: Message,
    /// Somebody has it in hand: C, or whoever holds a [`Taken`] or [`Sent`].
    live: AtomicBool,
    /// The engine did not want it: it goes back to whoever gave it.
    unwanted: AtomicBool,
    storage: Storage,
    small: [u8; SMALL_BYTES_MAX],
}

/// Where the bytes lie.
enum Storage {
    /// Nowhere, in the object, or somewhere of the application's.
    Elsewhere,
    /// In a buffer of ours.
    Buffer(#[allow(dead_code, reason = "kept for its bytes, which `data` leads to")] BytesMut),
    /// In a buffer that others may keep too.
    Shared(#[allow(dead_code, reason = "kept for its bytes, which `data` leads to")] Bytes),
}

/// A pointer to an object whose owner we are.
#[derive(Clone, Copy)]
struct Place(NonNull<Object>);

// SAFETY: an object is used by one owner at a time, which may be any thread.
unsafe impl Send for Place {}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool(VecDeque::new())) };
    static BURYING: Cell<bool> = const { Cell::new(false) };
}

/// Objects of a thread that rest.
struct Pool(VecDeque<Place>);

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Place::delete);
    }
}

static GRAVES: Mutex<Vec<Place>> = Mutex::new(Vec::new());
static WAITING: AtomicBool = AtomicBool::new(false);

impl Place {
    /// An object without bytes, for C. Who it is from and how it came or goes is left from its last use.
    #[inline]
    fn make() -> Self {
        let rested = POOL.try_with(|pool| {
            let pool = &mut pool.borrow_mut().0;
            if pool.len() <= RESTING { None } else { pool.pop_front() }
        });
        if let Ok(Some(place)) = rested {
            let object = place.object();
            object.message.free_data = None;
            object.message.release = Some(release);
            object.message.channel = NO_CHANNEL;
            object.message.user_data = 0;
            *object.live.get_mut() = true;
            *object.unwanted.get_mut() = false;
            return place;
        }
        let message = Message {
            data: null_mut(),
            size: 0,
            conn: 0,
            identity_peer: zeroed(),
            conn_user_data: 0,
            time_received: 0,
            message_number: 0,
            free_data: None,
            release: Some(release),
            channel: NO_CHANNEL,
            flags: 0,
            user_data: 0,
            lane: 0,
            pad: 0,
        };
        let small = [0; SMALL_BYTES_MAX];
        let (live, unwanted) = (AtomicBool::new(true), AtomicBool::new(false));
        let object = Object { message, live, unwanted, storage: Storage::Elsewhere, small };
        Self(NonNull::from(Box::leak(Box::new(object))))
    }

    /// The part that C sees, at the same address.
    const fn message(self) -> *mut Message {
        self.0.as_ptr().cast()
    }

    /// What C passed, if that is a message in somebody's hand; it is in nobody's from now on.
    fn take(message: *mut Message) -> Option<Self> {
        let place = Self(NonNull::new(message.cast())?);
        // SAFETY: C has only messages that were made here, and their memory stays for a while after their release.
        let live = unsafe { &raw const (*place.0.as_ptr()).live };
        // SAFETY: as before; the flag is only used atomically.
        unsafe { &*live }.swap(false, Ordering::AcqRel).then_some(place)
    }

    const fn unwanted<'a>(self) -> &'a AtomicBool {
        // SAFETY: the memory of objects stays while somebody has a part in them; the flag is only used atomically.
        unsafe { &(*self.0.as_ptr()).unwanted }
    }

    /// Gives it (back) to C.
    fn give(self) -> *mut Message {
        // SAFETY: it is ours up to now.
        unsafe { &*self.0.as_ptr() }.live.store(true, Ordering::Release);
        self.message()
    }

    /// Our view of it. Only for its owner, and not across calls out.
    const fn object<'a>(self) -> &'a mut Object {
        // SAFETY: whoever has the place owns the object, and C does not look at it meanwhile.
        unsafe { &mut *self.0.as_ptr() }
    }

    /// The function that frees the bytes, if it is the application's.
    fn foreign_free(self) -> Option<FreeFn> {
        self.object().message.free_data.filter(|f| *f as usize != free_own as *const () as usize)
    }

    /// Frees the bytes, then the object. Calls out.
    fn finish(self) {
        if let Some(free) = self.foreign_free() {
            // SAFETY: the application put the function there, and this is what it is for.
            unsafe { free(self.message()) };
        }
        self.rest();
    }

    /// Lets the object rest, its own bytes freed.
    #[inline]
    fn rest(self) {
        let object = self.object();
        if !matches!(object.storage, Storage::Elsewhere) {
            object.storage = Storage::Elsewhere;
        }
        object.message.data = null_mut();
        object.message.size = 0;
        let excess = POOL.try_with(|pool| {
            let pool = &mut pool.borrow_mut().0;
            pool.push_back(self);
            if pool.len() > KEPT_MAX { pool.pop_front() } else { None }
        });
        match excess {
            Ok(None) => {}
            Ok(Some(oldest)) => oldest.delete(),
            // The thread is about to end.
            Err(_) => self.delete(),
        }
    }

    fn delete(self) {
        // SAFETY: it was made by leaking a box, and nobody has it in hand.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }

    /// The bytes; `None` if what C says about them makes no sense.
    fn bytes<'a>(self) -> Option<&'a [u8]> {
        let message = &self.object().message;
        let size = usize::try_from(message.size).ok()?;
        if size == 0 {
            return Some(&[]);
        }
        if message.data.is_null() {
            return None;
        }
        // SAFETY: the application says that so many bytes lie there; they stay until the message is freed, and it does
        // not write to what it gave away.
        Some(unsafe { std::slice::from_raw_parts(message.data.cast(), size) })
    }
}

/// Makes a message with room for `size` bytes, for C to fill in. Null if there is no memory for it.
pub(crate) fn allocate(size: i32) -> *mut Message {
    let size = usize::try_from(size).unwrap_or(0);
    let buffer = if size > SMALL_BYTES_MAX { zeros(size) } else { Some(Vec::new()) };
    let Some(buffer) = buffer else { return null_mut() };
    let place = Place::make();
    let message = &mut place.object().message;
    message.conn = 0;
    message.identity_peer = zeroed();
    message.conn_user_data = 0;
    message.time_received = 0;
    message.message_number = 0;
    message.flags = 0;
    message.lane = 0;
    if size > 0 {
        fill(place, Payload::Own(buffer), size);
    }
    place.message()
}

/// A buffer of zeros, which the system gives without touching it if it is large. `None` if there is no memory.
fn zeros(size: usize) -> Option<Vec<u8>> {
    let layout = Layout::array::<u8>(size).ok().filter(|layout| layout.size() > 0)?;
    // SAFETY: the layout is not empty.
    let memory = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    // SAFETY: it was allocated as such a vector allocates, and all of its bytes are zero.
    Some(unsafe { Vec::from_raw_parts(memory.as_ptr(), size, size) })
}

enum Payload {
    /// In this buffer, or in the object if that is empty.
    Own(Vec<u8>),
    /// The same buffer that others have.
    Shared(Bytes),
}

/// Connects an object with its bytes.
fn fill(place: Place, payload: Payload, size: usize) {
    let object = place.object();
    object.message.data = match payload {
        Payload::Own(buffer) if buffer.is_empty() => {
            // SAFETY: only an address inside the object is computed.
            unsafe { &raw mut (*place.0.as_ptr()).small }.cast()
        }
        Payload::Own(buffer) => keep(object, BytesMut::from(Bytes::from(buffer))),
        Payload::Shared(bytes) => {
            let data = bytes.as_ptr().cast_mut().cast();
            object.storage = Storage::Shared(bytes);
            data
        }
    };
    object.message.size = i32::try_from(size).unwrap_or(i32::MAX);
    object.message.free_data = Some(free_own);
}

fn keep(object: &mut Object, mut buffer: BytesMut) -> *mut std::ffi::c_void {
    let data = buffer.as_mut_ptr().cast();
    object.storage = Storage::Buffer(buffer);
    data
}

/// What a received message is about, beside its bytes.
pub struct Received<'a> {
    pub(crate) conn: u32,
    pub(crate) identity: &'a Identity,
    pub(crate) conn_user_data: i64,
    pub(crate) time_received: i64,
    pub(crate) number: i64,
    pub(crate) flags: i32,
    pub(crate) lane: u16,
    /// The very bytes that were sent, which somebody may wait to get back.
    pub(crate) piped: bool,
}

/// Makes a message of what arrived.
#[inline]
pub(crate) fn received(payload: Bytes, about: &Received<'_>) -> *mut Message {
    let place = Place::make();
    let message = &mut place.object().message;
    message.conn = about.conn;
    message.identity_peer = *about.identity;
    message.conn_user_data = about.conn_user_data;
    message.time_received = about.time_received;
    message.message_number = about.number;
    message.flags = about.flags;
    message.lane = about.lane;
    let size = payload.len();
    if about.piped {
        fill(place, Payload::Shared(payload), size);
    } else if size <= SMALL_BYTES_MAX {
        let object = place.object();
        if let Some(room) = object.small.get_mut(..size) {
            room.copy_from_slice(&payload);
        }
        object.message.size = size as i32;
        object.message.free_data = Some(free_own);
        // SAFETY: only an address inside the object is computed.
        object.message.data = unsafe { &raw mut (*place.0.as_ptr()).small }.cast();
    } else {
        // Programs may write to what they got: alone in its buffer it stays there, else it is copied.
        let buffer = payload.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        let object = place.object();
        object.message.data = keep(object, buffer);
        object.message.size = i32::try_from(size).unwrap_or(i32::MAX);
        object.message.free_data = Some(free_own);
    }
    place.message()
}

/// Frees the bytes of a message that are ours.
unsafe extern "C" fn free_own(message: *mut Message) {
    let Some(object) = NonNull::new(message.cast::<Object>()) else { return };
    let object = Place(object).object();
    object.storage = Storage::Elsewhere;
    object.message.data = null_mut();
    object.message.size = 0;
}

/// Releases a message: its bytes, then itself.
///
/// # Safety
/// Null, or a message that this library gave out.
pub(crate) unsafe extern "C" fn release(message: *mut Message) {
    match Place::take(message) {
        // Nothing of the application's is called, so nothing can go wrong.
        Some(place) if place.foreign_free().is_none() => {
            place.rest();
            bury();
        }
        taken => super::call::guarded(|| release_taken(message, taken)),
    }
}

fn release_message(message: *mut Message) {
    release_taken(message, Place::take(message));
}

fn release_taken(message: *mut Message, taken: Option<Place>) {
    match taken {
        Some(place) => place.finish(),
        None if message.is_null() => {}
        None => complain("a message was released that is not in the application's hands any more"),
    }
}

/// A message parameter, `Message*`.
#[derive(Clone, Copy)]
pub struct MessagePtr(*mut Message);

impl FromC for MessagePtr {
    type C = *mut Message;
    fn name() -> String {
        "Message*".to_owned()
    }
    unsafe fn from_c(c: *mut Message) -> Self {
        Self(c)
    }
}

impl MessagePtr {
    /// See `release`.
    pub(crate) fn release(self) {
        release_message(self.0);
    }
}

impl ToC for *mut Message {
    const NAME: &'static str = "Message*";
    const FAILED: Self = null_mut();
}

/// Messages of the caller's, `Message**`.
#[derive(Clone, Copy)]
pub struct MessageArray<'a>(*mut *mut Message, PhantomData<&'a ()>);

// SAFETY: to us it is only a number until `take` looks behind it.
unsafe impl Plain for *mut Message {
    const NAME: &'static str = "Message*";
}

impl FromC for MessageArray<'_> {
    type C = *mut *mut Message;
    fn name() -> String {
        "Message**".to_owned()
    }
    unsafe fn from_c(c: *mut *mut Message) -> Self {
        Self(c, PhantomData)
    }
}

impl MessageArray<'_> {
    fn place(self, index: usize) -> super::ptr::Out<'static, *mut Message> {
        // SAFETY: the caller's promise for the array, of which this is a part; it is used at once.
        unsafe { FromC::from_c(if self.0.is_null() { null_mut() } else { self.0.wrapping_add(index) }) }
    }

    /// Whether there are none.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Puts a message there; `index` is below the number that the caller gave.
    pub(crate) fn put(self, index: usize, message: *mut Message) {
        self.place(index).set(message);
    }

    /// Takes the message out of the caller's hand, if one is there and in it. The pointer stays in the array.
    pub(crate) fn take(self, index: usize) -> Option<Taken> {
        self.place(index).get().and_then(Place::take).map(Taken)
    }
}

/// A message that C gave us. Dropped, it is released.
pub struct Taken(Place);

impl Taken {
    /// Where to.
    pub(crate) fn conn(&self) -> u32 {
        self.0.object().message.conn
    }

    /// How.
    pub(crate) fn flags(&self) -> i32 {
        self.0.object().message.flags
    }

    /// On which lane.
    pub(crate) fn lane(&self) -> u16 {
        self.0.object().message.lane
    }

    /// The bytes; `None` if what C says about them makes no sense.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.0.bytes()
    }

    /// The bytes, without copying them; they are freed when the last user drops them. With the ticket the message can be
    /// had back while nobody uses the bytes.
    pub(crate) fn into_bytes(self) -> (Bytes, Ticket) {
        let this = ManuallyDrop::new(self);
        let bytes = Bytes::from_owner(Sent(this.0));
        (bytes.clone(), Ticket { place: this.0, bytes })
    }

    /// Gives it back to C, as it was.
    pub(crate) fn give_back(self) {
        let this = ManuallyDrop::new(self);
        this.0.give();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.finish();
    }
}

/// See `Taken::into_bytes`.
pub struct Ticket {
    place: Place,
    bytes: Bytes,
}

impl Ticket {
    /// The message, if nobody else has its bytes any more.
    pub(crate) fn redeem(self) -> Option<Taken> {
        let Self { place, bytes } = self;
        let unwanted = place.unwanted();
        unwanted.store(true, Ordering::Release);
        drop(bytes);
        // Whoever dropped them last took the mark away.
        (!unwanted.swap(false, Ordering::AcqRel)).then_some(Taken(place))
    }
}

/// A message that the engine uses the bytes of.
struct Sent(Place);

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes().unwrap_or_default()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.0.unwanted().swap(false, Ordering::AcqRel) {
            return;
        }
        if self.0.foreign_free().is_none() {
            return self.0.rest();
        }
        // Whoever drops it may hold locks.
        GRAVES.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
        WAITING.store(true, Ordering::Release);
    }
}

/// Has the application free the buffers that the engine is done with. Not to be called with a lock held.
#[inline]
pub(crate) fn bury() {
    if WAITING.load(Ordering::Relaxed) {
        bury_all();
    }
}

#[cold]
fn bury_all() {
    if BURYING.replace(true) {
        // This thread is at it already, and goes on until nothing is left.
        return;
    }
    loop {
        let graves = {
            let mut graves = GRAVES.lock().unwrap_or_else(PoisonError::into_inner);
            WAITING.store(false, Ordering::Release);
            std::mem::take(&mut *graves)
        };
        if graves.is_empty() {
            break;
        }
        graves.into_iter().for_each(Place::finish);
    }
    BURYING.set(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    static FREED: AtomicUsize = AtomicUsize::new(0);

    unsafe extern "C" fn count(_: *mut Message) {
        FREED.fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    fn messages_are_released_on_any_thread_and_freed_once() {
        for size in [0, 1, 128, 129, 5000] {
            let place = Place(NonNull::new(allocate(size).cast()).unwrap());
            std::thread::spawn(move || {
                let place = place;
                // SAFETY: it was made just now.
                unsafe { release(place.message()) };
            })
            .join()
            .unwrap();
        }
        let place = Place(NonNull::new(allocate(0).cast()).unwrap());
        place.object().message.free_data = Some(count);
        let message = place.message();
        for _ in 0..2 {
            // SAFETY: a second release is noticed while the object rests.
            unsafe { release(message) };
        }
        assert_eq!(FREED.load(Ordering::SeqCst), 1);
        let sent = Taken(Place::take(allocate(200)).unwrap());
        let (bytes, ticket) = sent.into_bytes();
        assert_eq!(bytes.len(), 200);
        drop(bytes);
        drop(ticket.redeem().unwrap());
    }
}
