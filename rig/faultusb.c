/* A port driver for libgphoto2 that stands before its virtual USB (vusb.so) and fails to order.
 *
 * FAULTUSB_REAL names vusb.so. FAULTUSB_ORDERS names a file of lines "call what skip count": the call (find, open,
 * read, write or event), a libgphoto2 error code or, above zero, milliseconds to wait, how often to let the call pass
 * first, and how often to do it (-1: for ever). No event is waited for longer than 5 ms: libgphoto2 gives a Nikon
 * 0.3 s as it deletes a photo and as it goes. FAULTUSB_SECOND puts a second camera on the bus, whose serial number is 0.2.
 *
 * The order of the operations is that of gphoto2-port-library.h (2.5.34).
 */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPEN = 2, READ = 4, EVENT = 5, WRITE = 6, FIND = 12, FIND_CLASS = 13, OPERATIONS = 24 };

typedef int (*call)(void *, long, long, long);
struct order { char name[8]; int what, skip, count; };

static struct order orders[16];
static int ordered;
static call real[OPERATIONS];
static void *port_of_serial;

static void *of_real(const char *name)
{
	static void *library;
	if (!library)
		library = dlopen(getenv("FAULTUSB_REAL"), RTLD_NOW);
	return library ? dlsym(library, name) : NULL;
}

static void on_second(void *port)
{
	void *info;
	char *path = "";
	int (*info_of)(void *, void **) = of_real("gp_port_get_info");
	int (*path_of)(void *, char **) = of_real("gp_port_info_get_path");
	if (info_of && path_of && info_of(port, &info) >= 0 && path_of(info, &path) >= 0)
		port_of_serial = strcmp(path, "usb:001,002") ? NULL : port;
}

static int fault(const char *name)
{
	for (int i = 0; i < ordered; i++) {
		struct order *order = &orders[i];
		if (strcmp(order->name, name) || order->count == 0)
			continue;
		if (order->skip-- > 0)
			continue;
		order->skip = 0;
		order->count--;
		if (order->what < 0)
			return order->what;
		usleep(order->what * 1000);
	}
	return 0;
}

#define CALL(function, name, slot)                                   \
	static int function(void *port, long a, long b, long c)      \
	{                                                            \
		int code = fault(name);                              \
		return code ? code : real[slot](port, a, b, c);      \
	}

CALL(faulty_write, "write", WRITE)
CALL(faulty_find, "find", FIND)
CALL(faulty_find_class, "find", FIND_CLASS)

static int faulty_event(void *port, long bytes, long size, long milliseconds)
{
	int code = fault("event"), limit = (int)milliseconds < 5 ? (int)milliseconds : 5;
	return code ? code : real[EVENT](port, bytes, size, limit);
}

static int faulty_open(void *port, long a, long b, long c)
{
	int code = fault("open");
	on_second(port);
	return code ? code : real[OPEN](port, a, b, c);
}

static int faulty_read(void *port, long bytes, long size, long c)
{
	static const char serial[] = { '0', 0, '.', 0, '1', 0, 0, 0 };
	int code = fault("read");
	int count = code ? code : real[READ](port, bytes, size, c);
	for (int i = 0; port == port_of_serial && i + (int)sizeof serial <= count; i++)
		if (!memcmp((char *)bytes + i, serial, sizeof serial))
			((char *)bytes)[i + 4] = '2';
	return count;
}

int gp_port_library_type(void)
{
	return ((int (*)(void))of_real("gp_port_library_type"))();
}

int gp_port_library_list(void *list)
{
	void *info;
	int code = ((int (*)(void *))of_real("gp_port_library_list"))(list);
	int (*make)(void **) = of_real("gp_port_info_new");
	if (code < 0 || !getenv("FAULTUSB_SECOND") || !make || make(&info) < 0)
		return code;
	((int (*)(void *, int))of_real("gp_port_info_set_type"))(info, gp_port_library_type());
	((int (*)(void *, const char *))of_real("gp_port_info_set_name"))(info, "A second bus");
	((int (*)(void *, const char *))of_real("gp_port_info_set_path"))(info, "usb:001,002");
	return ((int (*)(void *, void *))of_real("gp_port_info_list_append"))(list, info);
}

void *gp_port_library_operations(void)
{
	call *operations = ((call *(*)(void))of_real("gp_port_library_operations"))();
	const char *path = getenv("FAULTUSB_ORDERS");
	FILE *file = path && !ordered ? fopen(path, "r") : NULL;
	struct order *order = orders;
	while (file && ordered < 16 &&
	       fscanf(file, "%7s %d %d %d", order->name, &order->what, &order->skip, &order->count) == 4)
		order = &orders[++ordered];
	if (file)
		fclose(file);
	memcpy(real, operations, sizeof real);
	operations[OPEN] = faulty_open;
	operations[READ] = faulty_read;
	operations[EVENT] = faulty_event;
	operations[WRITE] = faulty_write;
	operations[FIND] = faulty_find;
	operations[FIND_CLASS] = faulty_find_class;
	return operations;
}
