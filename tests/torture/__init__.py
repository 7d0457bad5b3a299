"""What happens to everything that was promised when machines, disks, clocks and people do their worst?"""
